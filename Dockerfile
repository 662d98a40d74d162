# One image for API, worker, sandboxes and the migrate job; the command says which.
FROM node:24-slim AS packages
WORKDIR /hub
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-slim
WORKDIR /hub
ENV NODE_ENV=production HOST=0.0.0.0
COPY --from=packages /hub/node_modules node_modules
COPY . .
USER node
EXPOSE 8080
CMD ["node", "api/main.ts"]
