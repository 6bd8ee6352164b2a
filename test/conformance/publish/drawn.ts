/** The rows of a long table that a suite plays, in their order. */
export type Drawn = <Row>(table: readonly Row[]) => readonly Row[];
