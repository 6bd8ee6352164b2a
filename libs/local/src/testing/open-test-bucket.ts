import { machine } from '../../../../test/support/machine.ts';
import type { BlobStore } from '@keyserver/export-file';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBucketDirectory } from '../objects.ts';

const roots: string[] = [];

/** An empty bucket of its own, in files that vanish with the process. Tests only. */
export function openTestBucket(): BlobStore {
  const root = mkdtempSync(join(tmpdir(), 'keyserver-bucket-'));
  // One listener for all buckets: Node warns of many.
  if (roots.push(root) === 1)
    process.once('exit', () => {
      for (const made of roots) rmSync(made, { recursive: true, force: true });
    });
  return openBucketDirectory(root, machine).openBucket('test-bucket');
}
