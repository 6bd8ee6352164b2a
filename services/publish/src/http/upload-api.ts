import { alphaForm } from './alpha-request.ts';
import { type ParseUpload, uploadParser, v1Form } from './publish-request.ts';
import { type PublishAnswer, renderAlphaAnswer, renderAnswer } from './publish-response.ts';

/** An API that phones speak: how it reads an upload and how it writes the answer. */
export interface UploadApi {
  /** What the header `x-api-version` says. */
  readonly version: 'v1' | 'v1alpha';
  readonly paths: readonly string[];
  readonly parser: (rules: { readonly maxKeys: number }) => ParseUpload;
  /** The JSON text of an answer with this padding. */
  readonly render: (answer: PublishAnswer, padding: string) => string;
}

/** The API of today. */
export const V1: UploadApi = {
  version: 'v1',
  paths: ['/v1/publish'],
  parser: (rules) => uploadParser(v1Form, rules),
  render: renderAnswer,
};

/** The first API, which old apps still speak; it lived at the root. */
export const V1ALPHA1: UploadApi = {
  version: 'v1alpha',
  paths: ['/', '/v1alpha1/publish'],
  parser: (rules) => uploadParser(alphaForm, rules),
  render: renderAlphaAnswer,
};

/** The API in whose form a request to this path is answered. */
export const apiOf = (path: string): UploadApi => (V1ALPHA1.paths.includes(path) ? V1ALPHA1 : V1);
