import type { SandboxControl } from '../control.ts';

const HIDDEN = '••••';
/** Headers and members that carry what must not be shown, whatever the vendor. */
const SENSITIVE = /authori[sz]ation|cookie|secret|password|passwd|token|api-?key|signature|(^|[-_])sign$|^v_sign$/i;
const MEMBER = /("[\w-]*(?:secret|password|passwd|token|api_?key|signature)[\w-]*"\s*:\s*")(?:\\.|[^"\\])*/gi;
const FIELD = /((?:^|&)[^=&]*(?:secret|password|passwd|token|api_?key|signature)[^=&]*=)[^&]*/gi;
const SHORTEST = 6;

/** For people who look on: the settings under which the sandbox is reached are real enough to be hidden. */
export const scrubber = ({ vendor }: SandboxControl) => {
  const values = Object.values(vendor.defaultConfig('http://sandbox.invalid'));
  const secrets = values.filter(
    (value): value is string =>
      typeof value === 'string' && value.length >= SHORTEST && /\W|\d|_/.test(value) && !URL.canParse(value),
  );
  const text = (said: string): string =>
    secrets
      .toSorted((a, b) => b.length - a.length)
      .reduce((left, secret) => left.replaceAll(secret, HIDDEN).replaceAll(encodeURIComponent(secret), HIDDEN), said)
      .replace(MEMBER, `$1${HIDDEN}`)
      .replace(FIELD, `$1${HIDDEN}`);
  const headers = (all: Record<string, string | string[] | undefined>): string =>
    Object.entries(all)
      .map(([name, value]) => `${name}: ${SENSITIVE.test(name) ? HIDDEN : text(String(value ?? ''))}`)
      .join('\n');
  return { text, headers };
};
