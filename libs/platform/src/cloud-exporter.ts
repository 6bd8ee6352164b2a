import type { OpenCloudExporter } from '@keyserver/service';

/** The way of figures and traces to Google Cloud, loaded only where it is chosen. */
export const openCloudExporter: OpenCloudExporter = async (options) => {
  const { cloudExporter } = await import('@keyserver/cloud-telemetry');
  return await cloudExporter(options);
};
