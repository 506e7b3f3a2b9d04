/** The part of the log that an answer shows: in (after, upTo]. `after` is 0 for everything. */
export interface Span {
  readonly after: number;
  readonly upTo: number;
}
