import type { AuthorityKeys } from '@keyserver/stores';
import { unixMillis } from '@keyserver/time';
import { trustProgress } from './progress.ts';

const authority = (id: number, jwks: string | undefined): AuthorityKeys['authority'] => ({
  ...{ id, issuer: `${id}.example`, audience: 'us', name: 'Health', keys: [], stats: false },
  ...(jwks === undefined ? {} : { jwks }),
});
const keySet = {
  ...{ issuer: '1.example', revision: 1, since: unixMillis(1000), failures: 0 },
  ...{ notBefore: unixMillis(0), problem: undefined, keys: [], revoked: [] },
};

async function told(deps: Parameters<typeof trustProgress>[0]) {
  const values: [string, object, number][] = [];
  for (const read of trustProgress(deps))
    await read((name, labels, at) => {
      values.push([name.replace(/^keyserver_|_timestamp_seconds$/g, ''), labels, at]);
    });
  return values;
}

it('tells how old the newest data key is, and since when each authority has not given its keys', async () => {
  const key = { wrapped: new Uint8Array(), bound: new Uint8Array() };
  const values = await told({
    readKeys: () =>
      Promise.resolve([
        { ...key, id: 2, createdAt: unixMillis(7000) },
        { ...key, id: 1, createdAt: unixMillis(3000) },
      ]),
    readAuthorityKeys: () =>
      Promise.resolve({
        authorities: [
          {
            authority: authority(1, 'https://1.example/jwks'),
            keySet: { ...keySet, answeredAt: unixMillis(5000) },
          },
          {
            authority: authority(2, 'https://2.example/jwks'),
            keySet: { ...keySet, answeredAt: undefined },
          },
          { authority: authority(3, 'https://3.example/jwks'), keySet: undefined },
          { authority: authority(4, undefined), keySet: undefined },
        ],
      }),
  });
  expect(values).toEqual([
    ['data_key_created', {}, 7000],
    ['authority_answered', { authority: '1' }, 5000],
    ['authority_answered', { authority: '2' }, 0],
    ['authority_answered', { authority: '3' }, 0],
  ]);
});

it('says 0 while there is no data key, so that the figure is not missing', async () => {
  const none = { authorities: [] };
  const values = await told({
    readKeys: () => Promise.resolve([]),
    readAuthorityKeys: () => Promise.resolve(none),
  });
  expect(values).toEqual([['data_key_created', {}, 0]]);
});
