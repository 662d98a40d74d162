export interface Agent {
  /** 'Chrome 120, Windows 10' */
  name: string;
  type: 'desktop' | 'mobile' | 'tablet' | 'app';
  browser: string | null;
  os: string | null;
}

/** First match counts: browsers name each other. */
const BROWSERS: [RegExp, string][] = [
  [/\bEdgA?\/(\d+)/, 'Edge'],
  [/\b(?:OPR|Opera)\/(\d+)/, 'Opera'],
  [/\bSamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/\bYaBrowser\/(\d+)/, 'Yandex Browser'],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/\b(?:Chrome|CriOS)\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+)[\d.]* (?:Mobile\/\w+ )?Safari\//, 'Safari'],
];

const SYSTEMS: [RegExp, string][] = [
  [/\bWindows NT 10\.0/, 'Windows 10'],
  [/\bWindows NT 6\.[23]/, 'Windows 8'],
  [/\bWindows/, 'Windows'],
  [/\b(?:iPhone|iPad|CPU) OS (\d+)/, 'iOS'],
  [/\bAndroid (\d+)/, 'Android'],
  [/\bAndroid/, 'Android'],
  [/\biPad/, 'iOS'],
  [/\bMac OS X/, 'macOS'],
  [/\bCrOS/, 'ChromeOS'],
  [/\bLinux/, 'Linux'],
];

/** A program's name as people read it. What is no browser is an app, called as it calls itself. */
export const agentOf = (userAgent: string): Agent => {
  const browser = firstOf(BROWSERS, userAgent);
  const os = firstOf(SYSTEMS, userAgent);
  const own = /^[^/(;,]{1,60}/.exec(userAgent)?.[0].trim();
  const name = [browser ?? (own === 'Mozilla' ? undefined : own), os].filter(Boolean).join(', ');
  return { name: name || 'Unknown', type: typeOf(userAgent, browser), browser, os };
};

const firstOf = (all: [RegExp, string][], userAgent: string): string | null => {
  for (const [pattern, name] of all) {
    const found = pattern.exec(userAgent);
    if (found) return found[1] === undefined ? name : `${name} ${found[1]}`;
  }
  return null;
};

const typeOf = (userAgent: string, browser: string | null): Agent['type'] => {
  if (browser === null && !userAgent.startsWith('Mozilla/')) return 'app';
  if (/\biPad|\bTablet|Android(?!.*Mobile)/.test(userAgent)) return 'tablet';
  return /Mobile|iPhone/.test(userAgent) ? 'mobile' : 'desktop';
};
