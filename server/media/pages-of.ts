/** All that there is, page by page in the order of media ids, until a page is empty. What is taken away meanwhile moves nothing. */
export async function* pagesOf<T extends { readonly mediaId: string }>(
  page: (after: string) => Promise<readonly T[]>,
): AsyncGenerator<readonly T[]> {
  for (let after = ''; ; ) {
    const some = await page(after);
    if (some.length === 0) return;
    yield some;
    after = some.at(-1)!.mediaId;
  }
}
