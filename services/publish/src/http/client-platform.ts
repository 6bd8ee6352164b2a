import type { UploadStatistics } from '@keyserver/exposure-keys';

/** The phone's platform as its User-Agent tells; counted in statistics and used for nothing else. */
export function clientPlatform(userAgent: string | undefined): UploadStatistics['platform'] {
  const agent = (userAgent ?? '').toLowerCase();
  if (agent.includes('android')) return 'android';
  if (agent.includes('iphone')) return 'ios';
  if (agent.includes('bluetoothd') && agent.includes('cfnetwork')) return 'ios';
  return 'unknown';
}
