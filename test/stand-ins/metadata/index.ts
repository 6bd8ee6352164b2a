export { type MetadataStandIn, startMetadataStandIn } from './start-metadata.ts';
