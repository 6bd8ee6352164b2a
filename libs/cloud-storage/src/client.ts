import { Storage } from '@google-cloud/storage';
import { PassThroughClient } from 'google-auth-library';

/**
 * The client of a project. Its requests go through Node's own agents, which close a connection that was idle for 5 s; one
 * that dies while it is used costs one attempt, whose end destroys it. It retries nothing itself: its retries know no deadline, wait at least a second, and cannot
 * know whether a repetition is safe. A stand-in at `apiEndpoint` is asked without credentials.
 */
export function createClient(projectId: string, apiEndpoint: string | undefined): Storage {
  const retryOptions = { autoRetry: false };
  if (apiEndpoint === undefined) return notElsewhere(new Storage({ projectId, retryOptions }));
  return notElsewhere(
    new Storage({
      projectId,
      apiEndpoint,
      retryOptions,
      authClient: new PassThroughClient(),
      useAuthWithCustomEndpoint: true,
    }),
  );
}

/** The client lets a variable of the environment send everything to any other host, in plain text and without credentials. */
function notElsewhere(client: Storage): Storage {
  if (URL.canParse(client.apiEndpoint) && client.baseUrl === `${client.apiEndpoint}/storage/v1`)
    return client;
  throw new RangeError('STORAGE_EMULATOR_HOST is not supported: unset it, or name an endpoint');
}
