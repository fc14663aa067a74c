import { serverAnswers } from "../api/client";
import { Problem } from "../api/problem";

/**
 * An importer of a page whose failure while the server is away is a `network` problem.
 * The router reloads the whole window when a page's code is gone: right after an update, when the server
 * answers but has other files by now, and fatal during an outage, when the window would be lost.
 */
export function fetched<T>(importer: () => Promise<T>): () => Promise<T> {
  return async () => {
    try {
      return await importer();
    } catch (cause) {
      throw (await serverAnswers()) ? cause : new Problem(0, "network", String(cause));
    }
  };
}
