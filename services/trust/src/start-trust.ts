import { loadSettings } from '@keyserver/config';
import { jobServiceStarter } from '@keyserver/service';
import { createApp } from './app.ts';
import { trustSettings } from './config.ts';
import { openCloudExporter, wire } from './wiring.ts';

/** Starts the trust service. */
export const startTrust = jobServiceStarter({
  name: 'trust',
  readSettings: (env) => loadSettings(trustSettings, env),
  ...{ wire, createApp, openCloudExporter },
  stopJobs: async ({ runner }) => {
    await runner.stop();
  },
});
