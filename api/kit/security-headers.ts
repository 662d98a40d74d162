import type { Response } from 'express';
import helmet from 'helmet';

const secure = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      // Swagger UI sets style attributes on its own elements.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
    },
  },
  // The hub itself speaks plain HTTP; whoever terminates TLS in front of it knows the right policy.
  strictTransportSecurity: false,
});

/** What helmet sets is the same for every answer: asked once. */
const headers: [name: string, value: string][] = [];
secure(
  {} as never,
  { setHeader: (name: string, value: string) => headers.push([name, value]), removeHeader: () => undefined } as never,
  () => undefined,
);

export const setSecurityHeaders = (res: Response): void => {
  for (const [name, value] of headers) res.setHeader(name, value);
};
