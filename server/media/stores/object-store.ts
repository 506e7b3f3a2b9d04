/** Where whole files lie under keys, beside the database. What is put under a key is always the same bytes. */
export interface ObjectStore {
  /** All of it or nothing; a repeat does no harm. Throws what `chunks` throws. */
  put(key: string, object: NewObject): Promise<void>;
  /** From the byte `from` up to the byte `end`, without it. Throws `NoSuchObject` where none is there. */
  bytes(key: string, from: number, end: number): Promise<Buffer>;
  /** One that is not there is no error. */
  remove(key: string): Promise<void>;
  close(): Promise<void>;
}

export interface NewObject {
  readonly bytes: number;
  readonly sha256: Buffer;
  readonly chunks: AsyncIterable<Buffer>;
}

export class NoSuchObject extends Error {
  override readonly name = 'NoSuchObject';
}

/** It cannot be used at the moment, and the operator should look at it. */
export class StoreAway extends Error {
  override readonly name = 'StoreAway';
}
