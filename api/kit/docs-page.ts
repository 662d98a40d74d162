import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { type RequestHandler, type Router as RouterType, Router, static as serveFolder } from 'express';
import { setPageHeaders } from './security-headers.ts';

const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Brokerhub API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, persistAuthorization: false, docExpansion: 'none', filter: true });
`;

const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

const asPage: RequestHandler = (_req, res, next) => {
  setPageHeaders(res);
  next();
};

/** The docs page, served wholly by us and without inline script, so that it works offline and under a strict CSP. */
export const showDocs: RequestHandler[] = [asPage, (_req, res) => void res.type('html').send(PAGE)];

export const docsAssets = (): RouterType => {
  const router = Router({ caseSensitive: true });
  router.get('/start.js', asPage, (_req, res) => void res.type('js').send(START));
  router.get(
    FILES.map((file) => `/${file}`),
    asPage,
    serveFolder(assets, { maxAge: '1h' }),
  );
  return router;
};
