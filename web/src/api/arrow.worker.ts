import { decodeSeries } from "./arrow.decode";

/** Of the worker: what it is asked and what it answers. */
export interface DecodeRequest {
  id: number;
  bytes: ArrayBuffer;
}
export type DecodeAnswer =
  | { id: number; table: ReturnType<typeof decodeSeries>["table"] }
  | { id: number; error: string };

interface Scope {
  onmessage: ((event: MessageEvent<DecodeRequest>) => void) | null;
  postMessage(answer: DecodeAnswer, transfer: Transferable[]): void;
}

const scope = self as unknown as Scope;

scope.onmessage = ({ data: { id, bytes } }) => {
  try {
    const { table, buffer } = decodeSeries(new Uint8Array(bytes));
    scope.postMessage({ id, table }, [buffer]);
  } catch (error) {
    scope.postMessage({ id, error: error instanceof Error ? error.message : String(error) }, []);
  }
};
