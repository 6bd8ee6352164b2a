/** A call of a Google client did not end in time. */
class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  /** As gRPC numbers it, so that it reads like the cloud's own. */
  readonly code = 4;
}

/** What a call gives if it does so in time. The clients bound their requests, but neither signing in nor finding out how. */
export async function withinDeadline<T>(deadlineMs: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineExceeded(`no answer within ${deadlineMs} ms`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
