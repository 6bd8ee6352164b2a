import type { OfferedKey } from '../key.ts';

/** The base64 of a key whose 16 bytes are all `n`; different numbers below 256 give different keys. */
export const keyText = (n: number): string => Buffer.alloc(16, n).toString('base64');

/** A key that was valid all day on 2021-05-03, unless the case says otherwise. */
export const offeredKey = ({
  n = 1,
  ...over
}: Partial<OfferedKey> & { n?: number } = {}): OfferedKey => ({
  key: keyText(n),
  rollingStartNumber: 2_700_000,
  rollingPeriod: 144,
  transmissionRisk: 0,
  ...over,
});
