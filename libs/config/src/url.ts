import { type About, type Setting, setting } from './setting.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function isAllowed(url: URL): boolean {
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  if (url.protocol === 'https:') return true;
  return url.protocol === 'http:' && LOOPBACK.has(url.hostname);
}

function read(given: string): URL | undefined {
  const url = URL.parse(given);
  return url !== null && isAllowed(url) ? url : undefined;
}

/** A web address: https, or plain http to this very machine; without a password or a fragment. */
export function url(of: About<URL>): Setting<URL> {
  return setting(of, {
    allowed: 'an https address, or an http address of this machine, without user or fragment',
    read,
    show: (value) => value.href,
  });
}
