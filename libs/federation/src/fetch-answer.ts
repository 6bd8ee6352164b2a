import { FederationFetchResponse } from '#generated/federation.js';
import type { FetchState } from '#generated/federation.js';
import type { Page } from './page.ts';

/** The bytes of an answer: the keys of a page as they are, and what a partner does next. */
export const answerBytes = (
  { bytes }: Pick<Page, 'bytes'>,
  next: { readonly partial: boolean; readonly state: FetchState.$Properties },
): Buffer => {
  const { partial: partialResponse, state: nextFetchState } = next;
  return Buffer.concat([
    bytes,
    FederationFetchResponse.encode({ partialResponse, nextFetchState }).finish(),
  ]);
};
