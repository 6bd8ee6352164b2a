import type { DocumentStore } from '@keyserver/docstore';
import { systemRandom } from '@keyserver/random';
import type { KeyWrapper } from '@keyserver/revision-token';
import { rotateDataKeys } from '@keyserver/stores';
import { DAY } from '@keyserver/time';

/** Makes the first data key of revision tokens in a store, as the trust service does. */
export async function makeDataKey(store: DocumentStore, wrapper: KeyWrapper): Promise<void> {
  const draw = async () => {
    const bound = systemRandom.bytes(16);
    return { wrapped: await wrapper.wrap(systemRandom.bytes(32), bound), bound };
  };
  await rotateDataKeys(store, {
    draw,
    newAfter: 7 * DAY,
    destroyAfter: 30 * DAY,
    certain: undefined,
  });
}
