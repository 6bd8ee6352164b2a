import { clientPlatform } from './client-platform.ts';

describe('clientPlatform', () => {
  it.each([
    ['Dalvik/2.1.0 (Linux; U; Android 11; Pixel 5)', 'android'],
    ['ANDROID', 'android'],
    ['Example/1.0 (iPhone; iOS 14.5)', 'ios'],
    ['bluetoothd (unknown version) CFNetwork/1220.1 Darwin/20.3.0', 'ios'],
    ['Android app on an iPhone', 'android'],
  ])('reads %p as %s', (agent, platform) => {
    expect(clientPlatform(agent)).toBe(platform);
  });

  it.each([undefined, '', 'curl/8', 'bluetoothd', 'CFNetwork/1220.1 Darwin/20.3.0', 'ipad'])(
    'does not guess from %p',
    (agent) => {
      expect(clientPlatform(agent)).toBe('unknown');
    },
  );
});
