import { loadSettings } from '@keyserver/config';
import { jobServiceStarter } from '@keyserver/service';
import { createApp } from './app.ts';
import { cleanupSettings } from './config.ts';
import { openCloudExporter, wire } from './wiring.ts';

/** Starts the cleanup service. */
export const startCleanup = jobServiceStarter({
  name: 'cleanup',
  readSettings: (env) => loadSettings(cleanupSettings, env),
  ...{ wire, createApp, openCloudExporter },
  stopJobs: async ({ runner }) => {
    await runner.stop();
  },
});
