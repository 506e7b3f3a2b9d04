/** One statement of a batch, as it goes over the wire. Parameters are in PostgreSQL's binary format. */
export interface Statement {
  readonly name: string;
  readonly sql: string;
  readonly parameters: readonly Buffer[];
}
