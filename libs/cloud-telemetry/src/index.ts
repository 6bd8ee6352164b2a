export { cloudExporter } from './cloud-exporter.ts';
