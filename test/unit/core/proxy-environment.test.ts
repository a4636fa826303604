/** Which requests go through a proxy. */
import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../../src/core/proxy-environment.js';

const via = (url: string, env: NodeJS.ProcessEnv): string | undefined => proxyFor(new URL(url), env)?.href;

describe('the proxy of a request', () => {
  it('is none by default', () => {
    expect(via('https://a.example/', {})).toBeUndefined();
  });

  it.each([
    { HTTPS_PROXY: 'http://proxy:3128' },
    { https_proxy: 'http://proxy:3128', HTTPS_PROXY: 'http://other:1' },
    { HTTP_PROXY: 'http://proxy:3128' },
    { http_proxy: 'proxy:3128' },
  ])('is read from %o', (env) => {
    expect(via('https://a.example/', env)).toBe('http://proxy:3128/');
  });

  it.each(['http://127.0.0.1:8080/', 'http://localhost/', 'http://a.localhost./', 'http://[::1]:1/'])(
    'is never used for loopback: %s',
    (url) => {
      expect(via(url, { HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: 'http://proxy:3128' })).toBeUndefined();
    },
  );

  it.each([
    ['*', true],
    ['a.example', true],
    ['.example', true],
    ['*.example', true],
    ['b.example, a.example', true],
    ['b.example a.example', true],
    ['A.EXAMPLE', true],
    ['a.example:443', true],
    ['a.example:8443', false],
    ['ample', false],
    ['xa.example', false],
    ['', false],
  ])('NO_PROXY %s exempts https://a.example: %s', (noProxy, exempt) => {
    expect(via('https://a.example/', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: noProxy }) === undefined).toBe(
      exempt,
    );
    expect(via('https://a.example/', { HTTPS_PROXY: 'http://proxy:3128', no_proxy: noProxy }) === undefined).toBe(
      exempt,
    );
  });

  it('NO_PROXY takes literal addresses', () => {
    expect(via('https://8.8.8.8/', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '8.8.8.8' })).toBeUndefined();
    expect(
      via('https://[2606:4700::1111]/', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '[2606:4700::1111]' }),
    ).toBeUndefined();
    expect(
      via('https://[2606:4700::1111]/', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '2606:4700::1111' }),
    ).toBeUndefined();
  });

  it.each(['::not a url::', 'socks5://proxy:1080', 'file:///x'])(
    '%s is refused by its name, never gone around',
    (value) => {
      const env = { HTTPS_PROXY: value, NO_PROXY: 'b.example' };
      expect(() => via('https://a.example/', env)).toThrow(/HTTPS_PROXY/);
      expect(() => via('https://a.example/', { https_proxy: value, HTTPS_PROXY: 'http://proxy:1' })).toThrow(
        /https_proxy/,
      );
      expect(via('https://b.example/', env)).toBeUndefined();
      expect(via('http://127.0.0.1/', env)).toBeUndefined();
    },
  );
});
