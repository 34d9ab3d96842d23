/** Errors before the wire: how a server is reached, or the credential, cannot be read. They say nothing of the API server. */
const unasked = new WeakSet<Error>();

export async function beforeAsking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error) unasked.add(error);
    throw error;
  }
}

/** Nobody was asked. */
export const isUnasked = (error: Error): boolean => unasked.has(error);
