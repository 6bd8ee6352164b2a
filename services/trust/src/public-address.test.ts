import { type LookupAddress } from 'node:dns';
import { AddressRefusal, isLoopback, isPublicAddress, lookupOnly } from './public-address.ts';

describe('an address of the public internet', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '192.167.1.1',
    '198.20.0.1',
    '2600::1',
    '2a00:1450:4001:82b::200e',
  ])('is %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.1.2.3', '169.254.169.254'],
    ...['172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.0.1', '198.18.0.1'],
    ...['198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1'],
    ...['255.255.255.255', '::', '::1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '64:ff9b::a00:1'],
    ...['fc00::1', 'fd12::1', 'fe80::1', 'ff02::1', '2001::1', '2001:db8::1', '2002:a00:1::'],
    ...['3fff::1', '', 'localhost', '8.8.8', '0x8080808', '8.8.8.8.'],
  ])('is not %j', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['128.0.0.1', false],
  ['10.0.0.1', false],
  ['::2', false],
  ['localhost', false],
])('tells that %s is of this very machine: %s', (address, is) => {
  expect(isLoopback(address)).toBe(is);
});

describe('looking a host up', () => {
  const lookup = async (mayBeAsked: (address: string) => boolean, all: boolean) =>
    await new Promise<readonly unknown[]>((resolve) => {
      lookupOnly(mayBeAsked)('localhost', { all }, (...answer) => {
        resolve(answer);
      });
    });

  it('gives its addresses where all may be asked', async () => {
    const [fault, found] = await lookup(isLoopback, true);
    expect(fault).toBeNull();
    expect((found as LookupAddress[]).length).toBeGreaterThan(0);
    const [, one] = await lookup(isLoopback, false);
    expect(isLoopback(one as string)).toBe(true);
  });

  it.each([true, false])('fails where one may not be asked (all: %s)', async (all) => {
    const [fault] = await lookup(isPublicAddress, all);
    expect(fault).toBeInstanceOf(AddressRefusal);
  });

  it('passes on that a host is not known', async () => {
    const answer = await new Promise<unknown>((resolve) => {
      lookupOnly(() => true)('unknown.invalid', {}, resolve);
    });
    expect(answer).toMatchObject({ hostname: 'unknown.invalid' });
  });
});
