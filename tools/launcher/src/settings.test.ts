import { ConfigFault } from '@keyserver/config';
import { LaunchFault, launcherConfig } from './settings.ts';

describe('the settings of the launcher', () => {
  it('are for trying things out when nothing is said', () => {
    expect(launcherConfig({})).toMatchObject({ PROFILE: 'development', DATA_DIR: '.data' });
  });

  it.each([
    [{ PLATFORM: 'gcp' }, 'PLATFORM'],
    [{ PROFILE: 'staging' }, 'PROFILE'],
    [{ PUBLISH_PORT: '0' }, 'PUBLISH_PORT'],
    [{ CDN_PORT: '65536' }, 'CDN_PORT'],
    [{ ISSUER_PORT: '80a' }, 'ISSUER_PORT'],
    [{ LISTEN_HOST: 'a b' }, 'LISTEN_HOST'],
  ])('refuse %j', (env, name) => {
    expect(() => launcherConfig(env)).toThrow(ConfigFault);
    expect(() => launcherConfig(env)).toThrow(new RegExp(name));
  });

  it('list all that is wrong, without the values', () => {
    const env = { EXPORT_PORT: 'eighty', PROFILE: 'staging' };
    expect(() => launcherConfig(env)).toThrow(/PROFILE.*EXPORT_PORT/);
    expect(() => launcherConfig(env)).not.toThrow(/eighty|staging/);
  });

  it('refuse the development profile where production was declared', () => {
    expect(() => launcherConfig({ NODE_ENV: 'production' })).toThrow(LaunchFault);
    const env = { NODE_ENV: 'production', PROFILE: 'production' };
    expect(launcherConfig(env).PROFILE).toBe('production');
  });

  it('refuse one port for two things', () => {
    expect(() => launcherConfig({ EXPORT_PORT: '8080' })).toThrow(/different ports/);
  });
});
