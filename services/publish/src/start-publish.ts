import { loadSettings } from '@keyserver/config';
import { type StartService, listen } from '@keyserver/service';
import { createApp } from './app.ts';
import { publishSettings } from './config.ts';
import { wire } from './wiring.ts';

/** Starts the publish service; a setting out of bounds, a missing directory or a busy port is thrown. */
export const startPublish: StartService = async (env, ambient) => {
  const config = loadSettings(publishSettings, env);
  const wired = await wire(config, ambient);
  try {
    const { PORT: port, HOST: host } = config;
    const server = await listen(createApp(wired.deps), { port, host, timers: ambient.timers });
    const close = async (): Promise<void> => {
      await server.close();
      await wired.release();
    };
    return { url: server.url, close };
  } catch (fault) {
    await wired.release();
    throw fault;
  }
};
