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

/** What helmet sets is the same for every page: asked once. */
const ofPages: [name: string, value: string][] = [];
secure(
  {} as never,
  { setHeader: (name: string, value: string) => ofPages.push([name, value]), removeHeader: () => undefined } as never,
  () => undefined,
);

/** Of data: nobody between us and the caller keeps it, and no browser takes it for a page, shows it in one, or lets another site read it. */
const ofData: [name: string, value: string][] = [
  ['Cache-Control', 'no-store'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
];

/** Headers of every answer but pages (OWASP REST Security Cheat Sheet). */
export const setDataHeaders = (res: Response): void => {
  for (const [name, value] of ofData) res.setHeader(name, value);
};

/** Headers of the pages we serve, and of what they are made of. */
export const setPageHeaders = (res: Response): void => {
  res.removeHeader('Cache-Control');
  for (const [name, value] of ofPages) res.setHeader(name, value);
};
