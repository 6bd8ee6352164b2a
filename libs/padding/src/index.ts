export {
  BatchCells,
  type CellContents,
  cellsToFill,
  paddingSource,
  paddingSourceOf,
  publishersOf,
} from './batch-cells.ts';
export {
  type Cell,
  type FindCell,
  type Reader,
  cellFinder,
  partnerOfReader,
  partnerReaderId,
  readerOf,
  rulesOf,
  shareKeys,
} from './cell.ts';
export { type PaddingCost, paddingCosts } from './cost.ts';
export { type DueCut, cutStart, nextCut } from './cut.ts';
export { type Effect, asItTakesEffect } from './effect.ts';
export { type CellToFill, type GenerationSource, generateDocuments } from './generate-documents.ts';
export type { Audience, KeyDocument } from './generated-document.ts';
export { generatorOf, reviserOf } from './generator.ts';
export {
  type ExportVersion,
  type PartnerVersion,
  type Plan,
  type PlanSpan,
  type Publisher,
  type Version,
  exportsInForce,
  midnightAfter,
  midnightNotBefore,
  nextInForce,
  partnersInForce,
  planSpanOf,
  planStart,
} from './plan.ts';
export {
  type CellStore,
  type Generate,
  type Revise,
  type SettleDeps,
  type Settled,
  keysIn,
  settleCells,
  settledDocuments,
} from './settle.ts';
export { MIN_REVISED, type RevisedDocument, drawDelay, reviseDocuments } from './revise.ts';
export {
  type PooledShape,
  type Shape,
  type ShapeKey,
  type ShapePool,
  ShapeSample,
  parseShapePool,
  shapeOf,
} from './shape.ts';
