/* Networks from the text in which the page holds them: base64 of compressed JSON and float32 numbers. */

function bytesOf(letters) {
  const text = atob(letters);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const piped = (bytes, through) => new Response(new Blob([bytes]).stream().pipeThrough(through)).arrayBuffer();

/* zlib streams. */
export const inflated = (bytes) => piped(bytes, new DecompressionStream('deflate'));
export const deflated = async (bytes) => new Uint8Array(await piped(bytes, new CompressionStream('deflate')));

/* What was packed; arrays are Float32Array. */
export async function unpacked(letters) {
  const content = await inflated(bytesOf(letters));
  const length = new DataView(content).getUint32(0, true);
  const numbers = new Float32Array(content, 4 + length);
  const revive = (name, value) => (
    value && value.count !== undefined ? numbers.subarray(value.begin, value.begin + value.count) : value);
  return JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)), revive);
}
