const KEY =
  /^projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}$/;
const VERSION = /^(.*)\/cryptoKeyVersions\/[1-9][0-9]{0,9}$/;

/** Whether this is the full name of a key, without a version. */
export const isKeyName = (name: string): boolean => KEY.test(name);

/** Whether this is the full name of a key version. */
export const isVersionName = (name: string): boolean => {
  const key = VERSION.exec(name)?.[1];
  return key !== undefined && isKeyName(key);
};
