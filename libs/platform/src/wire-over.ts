/** A service's dependencies, and how to give back what they hold. */
export interface Wired<D> {
  readonly deps: D;
  readonly release: () => Promise<void>;
}

/** Puts a service together over its open platform; when that fails, the platform is closed and the fault thrown on. */
export async function wireOver<P extends { readonly close: () => Promise<void> }, D>(
  platform: P,
  putTogether: (platform: P) => D | Promise<D>,
): Promise<Wired<D>> {
  try {
    return { deps: await putTogether(platform), release: platform.close };
  } catch (fault) {
    await platform.close();
    throw fault;
  }
}
