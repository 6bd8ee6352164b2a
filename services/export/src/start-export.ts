import { loadSettings } from '@keyserver/config';
import { jobServiceStarter } from '@keyserver/service';
import { createApp } from './app.ts';
import { exportSettings } from './config.ts';
import { openCloudExporter, wire } from './wiring.ts';

/** Starts the export service. */
export const startExport = jobServiceStarter({
  name: 'export',
  readSettings: (env) => loadSettings(exportSettings, env),
  ...{ wire, createApp, openCloudExporter },
  stopJobs: async ({ jobs }) => {
    await jobs.stop();
  },
});
