#include "runtime/process.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/files.hpp"

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

ProcessOptions shell(std::string script) {
    ProcessOptions options;
    options.arguments = {"sh", "-c", std::move(script)};
    return options;
}

TEST(ChildProcess, its_exit_code_and_output_lines_are_read) {
    ProcessOptions options = shell("echo one; echo two >&2; printf three; exit 7");
    options.standard_output = OutputTarget::pipe();
    options.standard_error = OutputTarget::pipe();
    ChildProcess child = ChildProcess::spawn(options).value();
    EXPECT_EQ(child.read_output_line(), "one");
    EXPECT_EQ(child.read_output_line(), "three");
    EXPECT_EQ(child.read_output_line(), std::nullopt);
    EXPECT_EQ(child.read_error_line(), "two");
    EXPECT_EQ(child.wait().code, 7);
    EXPECT_EQ(child.wait().code, 7) << "asking again does not wait again";
}

TEST(ChildProcess, its_output_may_go_to_a_file_that_is_appended_to) {
    const TemporaryDirectory folder = TemporaryDirectory::make("grapevine-process").value();
    const auto file = folder.path() / "log";
    for (const char* text : {"a", "b"}) {
        ProcessOptions options = shell(std::string("echo ") + text + "; echo err >&2");
        options.standard_output = OutputTarget::to_file(file);
        options.standard_error = OutputTarget::to_file(file);
        EXPECT_TRUE(ChildProcess::spawn(options).value().wait().is_success());
    }
    EXPECT_EQ(as_text(read_file(file, 100).value()), "a\nerr\nb\nerr\n");
}

TEST(ChildProcess, additions_replace_the_environment_and_the_rest_is_kept) {
    ::setenv("GRAPEVINE_TEST_KEPT", "kept", 1);
    ::setenv("GRAPEVINE_TEST_REPLACED", "old", 1);
    ProcessOptions options = shell("echo $GRAPEVINE_TEST_KEPT $GRAPEVINE_TEST_REPLACED");
    options.environment = {{"GRAPEVINE_TEST_REPLACED", "new"}};
    options.standard_output = OutputTarget::pipe();
    ChildProcess child = ChildProcess::spawn(options).value();
    EXPECT_EQ(child.read_output_line(), "kept new");
}

TEST(ChildProcess, what_killed_it_is_told) {
    ChildProcess child = ChildProcess::spawn(shell("exec sleep 1000")).value();
    EXPECT_EQ(child.wait_for(0ms).has_value(), false);
    EXPECT_EQ(child.wait_for(20ms).has_value(), false);
    child.signal(SIGKILL);
    const auto status = child.wait_for(10s);
    ASSERT_TRUE(status.has_value());
    EXPECT_EQ(status->signal_number, SIGKILL);
    EXPECT_FALSE(status->is_success());
    child.signal(SIGKILL);  // Harmless: the number may belong to somebody else by now.
}

TEST(ChildProcess, a_program_that_does_not_exist_is_refused_by_name) {
    ProcessOptions options;
    options.arguments = {"no-such-program-at-all"};
    const auto child = ChildProcess::spawn(options);
    ASSERT_FALSE(child.has_value());
    EXPECT_EQ(child.error().code, Refusal::Code::not_found);
    EXPECT_NE(child.error().message.find("no-such-program-at-all"), std::string::npos);
}

TEST(ChildProcess, the_end_of_the_object_is_the_end_of_the_process) {
    pid_t pid = 0;
    {
        const ChildProcess child = ChildProcess::spawn(shell("exec sleep 1000")).value();
        pid = child.pid();
        EXPECT_EQ(::kill(pid, 0), 0);
    }
    EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(ChildProcess, what_we_ignore_about_pipes_it_does_not_inherit) {
    ignore_broken_pipes();
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ::close(ends[0]);
    EXPECT_EQ(::write(ends[1], "x", 1), -1) << "an error, and not our end";
    ::close(ends[1]);
    ChildProcess child = ChildProcess::spawn(shell("kill -PIPE $$; exit 0")).value();
    EXPECT_EQ(child.wait().signal_number, SIGPIPE);
    ::signal(SIGPIPE, SIG_DFL);
}

TEST(ChildProcess, in_a_group_of_its_own_it_hears_no_ctrl_c_of_ours) {
    ProcessOptions options = shell("echo ready; exec sleep 1000");
    options.standard_output = OutputTarget::pipe();
    EXPECT_EQ(::getpgid(ChildProcess::spawn(options).value().pid()), ::getpgrp());
    options.group = ProcessOptions::Group::own;
    ChildProcess child = ChildProcess::spawn(options).value();
    ASSERT_EQ(child.read_output_line(), "ready");
    EXPECT_EQ(::getpgid(child.pid()), child.pid());
}

TEST(ChildProcess, it_does_not_outlive_a_parent_that_is_killed) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const FileDescriptor grandchild_alive(ends[0]);
    const pid_t parent = ::fork();
    if (parent == 0) {
        // The grandchild inherits the pipe's other end: it closes when that process is gone.
        ProcessOptions options = shell("echo ready; exec sleep 1000");
        options.standard_output = OutputTarget::pipe();
        auto child = ChildProcess::spawn(options);
        if (!child || child->read_output_line() != "ready") ::_exit(1);
        ::raise(SIGKILL);
    }
    ::close(ends[1]);
    int status = 0;
    ::waitpid(parent, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    char byte = 0;
    EXPECT_EQ(::read(grandchild_alive.value(), &byte, 1), 0) << "end of file: all writers gone";
}

}  // namespace
}  // namespace grapevine::runtime
