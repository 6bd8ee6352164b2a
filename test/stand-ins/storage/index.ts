export {
  type StorageStandIn,
  type StorageStandInOptions,
  startStorageStandIn,
} from './start-storage.ts';
export { type StorageFaults, type StorageOp } from './faults.ts';
