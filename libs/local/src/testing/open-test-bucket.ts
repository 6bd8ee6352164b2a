import type { BlobStore } from '@keyserver/export-file';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBucketDirectory } from '../objects.ts';

/** An empty bucket of its own, in files that vanish with the process. Tests only. */
export function openTestBucket(): BlobStore {
  const root = mkdtempSync(join(tmpdir(), 'keyserver-bucket-'));
  process.once('exit', () => {
    rmSync(root, { recursive: true, force: true });
  });
  return openBucketDirectory(root).openBucket('test-bucket');
}
