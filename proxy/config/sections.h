// The sections of the file, each read into its struct.
#pragma once

#include "proxy/config/table_reader.h"

namespace proxy {

void read_server(table_reader& in, problem_list& problems, server_config& to);
void read_access(table_reader& in, problem_list& problems, access_config& to);
void read_store(table_reader& in, store_config& to);
void read_gc(table_reader& in, problem_list& problems, gc_config& to);
void read_stats(table_reader& in, problem_list& problems, stats_config& to);
std::vector<alert_config> read_alerts(std::vector<toml::table const*> const& tables, bool history,
                                      problem_list& problems);
void read_webhook(table_reader& in, webhook_config& to);
void read_log(table_reader& in, log_config& to);

// All [[upstream]] sections together: names must differ, and one is the default.
std::vector<upstream_config> read_upstreams(std::vector<toml::table const*> const& tables, problem_list& problems);

// After the upstreams: a prefix must not hide one of them.
void read_hosted(table_reader& in, std::vector<upstream_config> const& upstreams, hosted_config& to);

// After both: what triggers ask for must be there to be asked.
std::vector<trigger_config> read_triggers(std::vector<toml::table const*> const& tables,
                                          std::vector<upstream_config> const& upstreams, hosted_config const& hosted,
                                          problem_list& problems);

// After all of them: whether each [[access.rule]] of the file `root` is about repositories that could be here.
void check_rules(toml::table const& root, config const& c, problem_list& problems);

} // namespace proxy
