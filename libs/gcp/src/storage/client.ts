import { Storage } from '@google-cloud/storage';
import { PassThroughClient } from 'google-auth-library';

/**
 * The client of a project. It retries nothing itself: its retries know no deadline, wait at least a second, and cannot
 * know whether a repetition is safe. A stand-in at `apiEndpoint` is asked without credentials.
 */
export function createClient(projectId: string, apiEndpoint: string | undefined): Storage {
  const retryOptions = { autoRetry: false };
  if (apiEndpoint === undefined) return new Storage({ projectId, retryOptions });
  return new Storage({
    projectId,
    apiEndpoint,
    retryOptions,
    authClient: new PassThroughClient(),
    useAuthWithCustomEndpoint: true,
  });
}
