import { FederationFetchResponse } from '#generated/federation.js';
import type { FetchState } from '#generated/federation.js';
import type { Page } from './page.ts';

/** Makes a page the whole answer: its keys, and behind them what a partner does next. Gives the bytes. */
export function answerBytes(
  page: Pick<Page, 'append' | 'bytes'>,
  next: { readonly partial: boolean; readonly state: FetchState.$Properties },
): Buffer {
  const { partial: partialResponse, state: nextFetchState } = next;
  page.append(FederationFetchResponse.encode({ partialResponse, nextFetchState }).finish());
  return page.bytes;
}
