// The camera: frames in, the text of a QR code out. The browser's own detector where there is one, else a reader of ours.

const EVERY = 150; // milliseconds between two looks
const SIDE = 640; // pixels: enough for a badge held in the hand
const AGAIN = 4000; // the same badge is the same scan until it was away for so long

let stream = null;
let running = false;

export const possible = () => Boolean(navigator.mediaDevices?.getUserMedia);

// Start looking. Gives "", or "refused" or "none".
export async function start(video, reader, found) {
  if (!possible()) return "none";
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
    });
  } catch (problem) {
    return problem.name === "NotAllowedError" ? "refused" : "none";
  }
  let read;
  try {
    read = (await native()) ?? (await ours(reader));
  } catch {
    stop(video);
    return "none";
  }
  video.srcObject = stream;
  await video.play().catch(() => {});
  running = true;
  watch(video, read, found);
  return "";
}

export function stop(video) {
  running = false;
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
}

async function native() {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats?.().catch(() => [])) ?? [];
  if (!formats.includes("qr_code")) return null;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async (video) => (await detector.detect(video))[0]?.rawValue ?? "";
}

async function ours(address) {
  if (!globalThis.jsQR) await import(address);
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return (video) => {
    const scale = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    if (!canvas.width || !canvas.height) return "";
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height);
    return globalThis.jsQR(data, width, height, { inversionAttempts: "dontInvert" })?.data ?? "";
  };
}

async function watch(video, read, found) {
  let last = "";
  let seenAt = 0;
  while (running) {
    let text = "";
    try {
      if (!document.hidden && video.readyState >= 2) text = await read(video);
    } catch {
      text = ""; // a frame that cannot be read is followed by another
    }
    const now = performance.now();
    if (text) {
      if (text !== last || now - seenAt > AGAIN) await found(text);
      last = text;
      seenAt = now;
    }
    await new Promise((resolve) => { setTimeout(resolve, EVERY); });
  }
}
