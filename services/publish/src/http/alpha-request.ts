import { MAX_REGIONS } from '@keyserver/health-authority';
import {
  type UploadForm,
  type WireUpload,
  sharedParts,
  text,
  uploadFields,
} from './publish-request.ts';

interface AlphaUpload extends WireUpload {
  readonly regions: readonly string[];
  readonly appPackageName: string;
  readonly hmackey: string;
  /** Accepted from old apps, and ignored. */
  readonly platform: string;
  readonly deviceVerificationPayload: string;
}

/** The body of v1alpha1, the first API: the app names the regions, and more than one of them means a traveler. */
export const alphaForm: UploadForm<AlphaUpload> = {
  fields: {
    ...uploadFields,
    regions: { type: 'array', items: { type: 'string' }, maxItems: MAX_REGIONS, default: [] },
    appPackageName: text,
    hmackey: text,
    platform: text,
    deviceVerificationPayload: text,
  },
  requestOf: (wire) => ({
    ...sharedParts(wire),
    appId: wire.appPackageName,
    hmacKey: wire.hmackey,
    regions: wire.regions,
    traveler: wire.regions.length > 1,
  }),
};
