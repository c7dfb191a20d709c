// Charts as SVG with attributes of its own: no style of an element, which the page's policy forbids.

const ROOM = 12;

// A line of what was, the newest at the right; it rises and falls between its own bounds.
export function Spark({ values }) {
    const count = Math.max(ROOM, values.length);
    const top = Math.max(1, ...values);
    const bottom = Math.min(...values, top - 1);
    const x = (i) => (100 * (count - values.length + i)) / (count - 1);
    const y = (value) => 26 - (22 * (value - bottom)) / (top - bottom);
    const points = values.map((value, i) => `${x(i).toFixed(2)},${y(value).toFixed(2)}`);
    return (
        <svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
            {points.length > 1 && (
                <>
                    <polygon class="spark-area" points={`${x(0)},30 ${points.join(" ")} 100,30`} />
                    <polyline class="spark-line" points={points.join(" ")} />
                </>
            )}
        </svg>
    );
}

// A line above nought; `top` is what it rises to, in words.
export function Trend({ values, top, summary }) {
    const most = Math.max(...values, 0);
    const count = Math.max(ROOM, values.length);
    const x = (i) => (100 * (count - values.length + i)) / (count - 1);
    const y = (value) => 39 - (35 * value) / (most || 1);
    const points = values.map((value, i) => `${x(i).toFixed(2)},${y(value).toFixed(2)}`);
    return (
        <div class="trend-chart">
            {points.length > 1 && <span class="bars-top">{top}</span>}
            <svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label={summary}>
                <line class="trend-top" x1="0" x2="100" y1="4" y2="4" />
                {points.length > 1 && (
                    <>
                        <polygon class="spark-area" points={`${x(0)},40 ${points.join(" ")} 100,40`} />
                        <polyline class="spark-line" points={points.join(" ")} />
                    </>
                )}
            </svg>
        </div>
    );
}

const HEIGHT = 120;
const GAP = 0.22;

function Bar({ bucket, index, top, label }) {
    const failed = (HEIGHT * bucket.failed) / top;
    const good = (HEIGHT * bucket.good) / top;
    const place = { x: index + GAP / 2, width: 1 - GAP };
    return (
        <g>
            <title>{label}</title>
            <rect class="bar-room" {...place} y={0} height={HEIGHT} />
            <rect class="bar-good" {...place} y={HEIGHT - good - failed} height={good} />
            <rect class="bar-bad" {...place} y={HEIGHT - failed} height={failed} />
        </g>
    );
}

// What went well above what failed, one bar a bucket; `label(bucket)` is what a pointer reads.
export function Bars({ buckets, label, summary }) {
    const top = Math.max(4, ...buckets.map((bucket) => bucket.good + bucket.failed));
    return (
        <div class="bars">
            <span class="bars-top">{top}</span>
            <svg viewBox={`0 0 ${buckets.length} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
                {buckets.map((bucket, i) => (
                    <Bar key={bucket.at_ms} bucket={bucket} index={i} top={top} label={label(bucket)} />
                ))}
            </svg>
        </div>
    );
}
