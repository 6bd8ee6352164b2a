/** The id of something an operator configured, or that the server named itself; never text that a client chose. */
export type ConfiguredId = (string & { readonly __kind: 'configured id' }) | 'unprintable';

/** The id that the server drew for one request. */
export type RequestId = string & { readonly __kind: 'request id' };

/** The address that a service of ours listens on. */
export type ServiceUrl = string & { readonly __kind: 'service url' };

/** The pattern of one of our own routes, such as `/v1/publish`; never a path as it was sent. */
export type RoutePattern = string & { readonly __kind: 'route pattern' };

/** The name of an environment variable. */
export type SettingName = string & { readonly __kind: 'setting name' };

const isConfiguredId = (text: string): text is ConfiguredId =>
  /^[\w.:@/!~*'()%-]{1,800}$/.test(text);
const PLAIN = /^[\w.:@/-]*$/;
const isSettingName = (text: string): text is SettingName => /^[A-Z][A-Z0-9_]{0,63}$/.test(text);
const isRoutePattern = (text: unknown): text is RoutePattern =>
  typeof text === 'string' && /^\/[\w/:.-]{0,99}$/.test(text);
const isRequestId = (text: string): text is RequestId => text.length === 36;
const isServiceUrl = (text: string): text is ServiceUrl => /^http:\/\/\S+:[0-9]+$/.test(text);

/**
 * The id of a configured thing as a log field. It takes the thing, not a string, so that what a client sent cannot be
 * passed by mistake: only what was found in our own store has an id.
 */
export function configuredId(thing: { readonly id: string | number }): ConfiguredId {
  const text = String(thing.id);
  // Of an app any text may be the id; in a log it is ASCII without spaces, whatever it was.
  const id = PLAIN.test(text) || /\p{Cs}/u.test(text) ? text : encodeURIComponent(text);
  return isConfiguredId(id) ? id : 'unprintable';
}

/**
 * The pattern of the route that answered a request, as a log field and label; undefined when none did. It takes what the router
 * itself keeps of a matched route, so that a path as it was sent cannot be passed by mistake.
 */
export const routePattern = (
  matched: { readonly path?: unknown } | undefined,
): RoutePattern | undefined => (isRoutePattern(matched?.path) ? matched.path : undefined);

/** A request id from 16 random bytes, written as a version 4 UUID. */
export function requestIdOf(random: Uint8Array): RequestId {
  const bytes = Buffer.from(random.subarray(0, 16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  const id = [...parts, hex.slice(20)].join('-');
  if (!isRequestId(id)) throw new RangeError('a request id needs 16 random bytes');
  return id;
}

/** The names of settings as a log field. */
export const settingNames = (
  settings: readonly { readonly name: string }[],
): readonly SettingName[] => settings.map(({ name }) => name).filter(isSettingName);

/** The address that a server is bound to as a log field; throws a RangeError when it is none. */
export function serviceUrl(host: string, port: number): ServiceUrl {
  const url = `http://${host}:${port}`;
  if (!isServiceUrl(url)) throw new RangeError('not an address to listen on');
  return url;
}
