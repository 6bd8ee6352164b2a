import { loadSettings } from '@keyserver/config';
import { jobServiceStarter } from '@keyserver/service';
import { createApp } from './app.ts';
import { federationPullSettings } from './config.ts';
import { openCloudExporter, wire } from './wiring.ts';

/** Starts the federation-pull service. */
export const startFederationPull = jobServiceStarter({
  name: 'federation-pull',
  readSettings: (env) => loadSettings(federationPullSettings, env),
  ...{ wire, createApp, openCloudExporter },
  stopJobs: async ({ runner }) => {
    await runner.stop();
  },
});
