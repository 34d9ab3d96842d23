/** One that fails keeps none of the others waiting: all have ended before the first failure is thrown. */
export async function allEnded<T>(works: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}
