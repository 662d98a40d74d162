import { describe, expect, it } from '@jest/globals';
import { agentOf } from '../../domain/user-agents.ts';

describe('the program a client uses', () => {
  it.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
      'Chrome 120, Windows 10',
      'desktop',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/121.0.0.0',
      'Edge 121, Windows 10',
      'desktop',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15',
      'Safari 17, macOS',
      'desktop',
    ],
    ['Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0', 'Firefox 121, Linux', 'desktop'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1',
      'Safari 17, iOS 17',
      'mobile',
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0 Mobile/15E148 Safari/604.1',
      'Chrome 120, iOS 16',
      'tablet',
    ],
    [
      'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36',
      'Samsung Internet 23, Android 14',
      'mobile',
    ],
    [
      'Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
      'Chrome 120, Android 13',
      'tablet',
    ],
    ['BrokerApp/3.1 (iPhone; iOS 17.2)', 'BrokerApp', 'app'],
    ['Mozilla/5.0', 'Unknown', 'desktop'],
    ['', 'Unknown', 'app'],
  ])('%s', (userAgent, name, type) => {
    expect(agentOf(userAgent)).toMatchObject({ name, type });
  });

  it('is read in a moment, however long and odd', () => {
    for (const odd of ['Version/1'.repeat(60), 'Android '.repeat(60), `Version/17${'1.'.repeat(240)}`])
      expect(agentOf(odd.slice(0, 500)).name.length).toBeLessThan(120);
  });
});
