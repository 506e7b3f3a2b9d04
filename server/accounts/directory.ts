/** Somebody as the operator's directory knows them. */
export interface DirectoryPerson {
  readonly displayName: string | undefined;
  readonly mail: string | undefined;
}

/**
 * People whom this server did not make: a directory of the operator's. Both throw what clients are to be told where
 * it cannot be asked, which is never that a password is wrong.
 */
export interface Directory {
  /** Undefined where nobody is called so, or it is not their password. */
  authenticate(localpart: string, password: string): Promise<DirectoryPerson | undefined>;
  has(localpart: string): Promise<boolean>;
}
