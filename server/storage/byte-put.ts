import type pg from 'pg';

/** A write of bytes: `$1` and on are whole numbers, and the last parameter the bytes. */
export interface BytePutStatement {
  /** Names the prepared statement and must be unique in the program. */
  readonly name: string;
  readonly sql: string;
  readonly numbers: readonly number[];
  readonly bytes: Buffer;
}

/**
 * One statement whose bytes go to PostgreSQL from where they lie. The driver would copy them into a message of its own, a piece
 * of memory as long as they are for each: half of what an upload leaves as garbage outside of V8's heap.
 */
export class BytePut implements pg.Submittable {
  /** How many rows it wrote. The bytes must stay until then. */
  readonly rows: Promise<number>;
  /** By which the driver knows that the connection has this statement. */
  readonly name: string;
  readonly text: string;
  readonly #statement: BytePutStatement;
  readonly #settled = Promise.withResolvers<number>();
  #rows = 0;

  constructor(statement: BytePutStatement) {
    this.#statement = statement;
    this.name = statement.name;
    this.text = statement.sql;
    this.rows = this.#settled.promise;
    // Whoever awaits it hears of it; until then it must not end the program.
    this.rows.catch(() => {});
  }

  submit(connection: pg.Connection): void {
    const { stream, parsedStatements } = connection as Prepared;
    const { name, text } = this;
    const { numbers, bytes } = this.#statement;
    stream.cork();
    if (parsedStatements[name] === undefined) connection.parse({ name, text, types: [] }, true);
    stream.write(bindHead(name, numbers, bytes.length));
    stream.write(bytes);
    stream.write(BIND_TAIL);
    connection.execute({}, true);
    connection.sync();
    stream.uncork();
  }

  /** What a statement may answer besides is nobody's: without this it would end the program. */
  handleDataRow(): void {}

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#rows = Number(text.slice(text.lastIndexOf(' ') + 1));
  }

  handleError(error: Error): void {
    this.#settled.reject(error);
  }

  handleReadyForQuery(): void {
    this.#settled.resolve(this.#rows);
  }
}

type Prepared = pg.Connection & { readonly parsedStatements: Readonly<Record<string, string>> };

const BINARY = 1;
const INT8_BYTES = 8;
/** That results, of which there are none, come as text. */
const BIND_TAIL = Buffer.from([0, 1, 0, 0]);

/** `Bind` up to where the bytes begin (PostgreSQL's message formats): every parameter in binary. */
function bindHead(name: string, numbers: readonly number[], bytesLength: number): Buffer {
  const own = Buffer.from(name);
  const columns = numbers.length + 1;
  const head = Buffer.alloc(
    1 + 4 + 1 + own.length + 1 + 2 + 2 * columns + 2 + numbers.length * (4 + INT8_BYTES) + 4,
  );
  let at = head.write('B');
  at = head.writeInt32BE(head.length - 1 + bytesLength + BIND_TAIL.length, at);
  // The portal without a name.
  at += 1;
  at += own.copy(head, at) + 1;
  at = head.writeInt16BE(columns, at);
  for (let n = 0; n < columns; n += 1) at = head.writeInt16BE(BINARY, at);
  at = head.writeInt16BE(columns, at);
  for (const number of numbers) {
    at = head.writeInt32BE(INT8_BYTES, at);
    at = head.writeBigInt64BE(BigInt(number), at);
  }
  head.writeInt32BE(bytesLength, at);
  return head;
}
