import type { UploadPauses } from '../upload-pauses.ts';

/** Nothing is paused. Tests only. */
export const noPauses: UploadPauses = {
  keepWaiting: async () => await Promise.resolve(false),
  keepAllWaiting: () => false,
};
