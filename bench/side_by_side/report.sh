# The table: a line a row, figures of all contenders, the comparison that the target is about.

# ROW | label | digits | compared with | comparison | target. Comparisons: `ratio` of layerd's figure to the other's,
# `more` by at most so much, `value` itself; < and > say on which side of the target is good.
report_rows() {
    cat <<ROWS
hit_100m_cpu|blob hit, 100 MiB: CPU s per GB|3|nginx|ratio<|1.00
hit_100m_rate|blob hit, 100 MiB: GB/s|2|nginx|ratio>|1.00
hit_1m_cpu|blob hit, 1 MiB: CPU s per GB|3|nginx|ratio<|1.00
hit_1m_rate|blob hit, 1 MiB: GB/s|2|nginx|ratio>|1.00
tls_100m_cpu|blob hit through TLS, 100 MiB: CPU s per GB|3|nginx|ratio<|1.05
tls_100m_rate|blob hit through TLS, 100 MiB: GB/s (clients are curl)|2|nginx|none|
tls_1m_cpu|blob hit through TLS, 1 MiB: CPU s per GB|3|nginx|ratio<|1.05
manifest|manifest by tag, hit, 32 connections: requests/s|0|nginx|ratio>|1.20
manifest_cpu|the same: CPU µs a request|2|nginx|ratio<|1.00
statistics|manifest by tag, hit, with history and without: requests/s|0|without_history|ratio>|0.98
statistics_cpu|the same: CPU µs a request|2|without_history|ratio<|1.02
cold_time|cold pull of 100 MiB: ms|0|straight|ratio<|1.05
cold_first|cold pull of 100 MiB: first byte, ms|1|straight|more<|2.0
line_time|cold pull of 100 MiB over a line of ${line_rate%m} MiB/s: ms|0|straight|ratio<|1.05
line_first|the same: first byte, ms|1|straight|more<|2.0
far_time|cold pull of an image, $far_layers layers of $((far_layer / 1000000)) MB, $far_latency ms away, $((far_rate / 1000000)) MB/s a connection: s|2|straight|ratio<|0.60
herd_copies|$herd_clients clients, one cold 100 MiB layer: bytes upstream / size|2||value<|1.00
herd_time|the same: last client, ms|0||none|
line_herd_time|$herd_clients clients, one cold 100 MiB layer over the line: last client, ms (straight: one client)|0|straight|ratio<|1.20
push_small_time|push of 1,000 blobs of 4 KiB, $push_connections connections: s|2|registry|ratio<|1.00
push_small_cpu|the same: CPU s|2|registry|ratio<|1.00
push_big_time|push of one blob of $((push_big >> 20)) MiB: s|2|registry|ratio<|1.00
push_big_cpu|the same: CPU s|2|registry|ratio<|1.00
memory_idle|1,000 connections idle: resident MiB|1||value<|100
memory_blob|1,000 connections in the middle of a 100 MiB blob: resident MiB|1||value<|100
ROWS
}

# What layerd's figure comes to against the other's, and whether that is within the target.
compare() {
    awk -v ours="$1" -v other="$2" -v how="$3" -v target="$4" 'BEGIN {
        kind = substr(how, 1, length(how) - 1); side = substr(how, length(how))
        if (ours == "" || how == "none" || (kind != "value" && other == "")) {print "- -"; exit}
        v = kind == "ratio" ? ours / other : kind == "more" ? ours - other : ours
        shown = sprintf(kind == "ratio" ? "%.3fx" : kind == "more" ? "%+.1f" : "%.2f", v)
        met = side == "<" ? v <= target + 0 : v >= target + 0 # numbers, not text
        print shown, met ? "yes" : "no"}'
}

shown() { if [[ -n $1 ]]; then printf "%'.$2f" "$1"; else echo -; fi; }

print_table() {
    local row label digits other how target ours compared met
    echo "| what | layerd | nginx | docker-registry | straight | layerd against | target | met |"
    echo "|---|--:|--:|--:|--:|--:|--:|---|"
    while IFS='|' read -r row label digits other how target; do
        grep -q "^$row " "$work/samples" || continue
        ours=$(figure "$row" layerd)
        read -r compared met < <(compare "$ours" "${other:+$(figure "$row" "$other")}" "$how" "$target")
        printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$label" "$(shown "$ours" "$digits")" \
            "$(shown "$(figure "$row" nginx)" "$digits")" "$(shown "$(figure "$row" registry)" "$digits")" \
            "$(shown "$(figure "$row" straight)" "$digits")" "${compared/%x/ × ${other//_/ }}" \
            "$(target_text "$how" "$target")" "$met"
    done < <(report_rows)
}

target_text() {
    case $1 in
        "ratio<") echo "≤ $2 ×" ;;
        "ratio>") echo "≥ $2 ×" ;;
        "more<") echo "≤ +$2" ;;
        "value<") echo "≤ $2" ;;
        *) echo - ;;
    esac
}

# The samples themselves, with what they were taken on.
write_json() {
    jq -n --rawfile samples "$work/samples" --arg commit "$(git -C "$here" rev-parse --short HEAD 2>/dev/null)" \
        --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" --argjson cores "$(nproc)" \
        --arg kernel "$(uname -r)" --arg date "$(date -u +%FT%TZ)" --arg quick "${BENCH_QUICK:-0}" '
        {$date, $commit, quick: ($quick != "0"), machine: {$cpu, $cores, $kernel},
         samples: ($samples | split("\n") | map(select(. != "") | split(" ") | {row: .[0], contender: .[1], value: (.[2] | tonumber)})
            | group_by(.row) | map({key: .[0].row, value: (group_by(.contender)
                | map({key: .[0].contender, value: map(.value)}) | from_entries)}) | from_entries)}'
}
