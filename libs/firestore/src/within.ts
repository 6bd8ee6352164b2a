import { closed, overdue } from './failure.ts';

/** Runs one call until its deadline or until the store is closed; then it is given up, and told so. */
export async function within<T>(
  ms: number,
  closing: AbortSignal,
  call: (givenUp: AbortSignal) => Promise<T>,
): Promise<T> {
  if (closing.aborted) throw closed();
  const givenUp = new AbortController();
  const giveUp = (): void => {
    givenUp.abort();
  };
  const end = new Promise<never>((_resolve, reject) => {
    givenUp.signal.addEventListener('abort', () => {
      reject(closing.aborted ? closed() : overdue());
    });
  });
  const timer = setTimeout(giveUp, ms);
  closing.addEventListener('abort', giveUp);
  const done = call(givenUp.signal);
  done.catch(ignoreOnceGivenUp);
  try {
    return await Promise.race([end, done]);
  } finally {
    clearTimeout(timer);
    closing.removeEventListener('abort', giveUp);
  }
}

const ignoreOnceGivenUp = (): void => undefined;
