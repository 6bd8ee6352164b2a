/** Named figures of one benchmark. */
export type Figures = Readonly<Record<string, number>>;

/** A benchmark: measures for some seconds, tells what it is doing, gives its figures. */
export type Measure = (options: {
  readonly keys: number | undefined;
  readonly say: (line: string) => void;
}) => Promise<Figures>;
